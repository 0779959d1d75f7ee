// Hands an action over to its native binary: finds `bento-actions` for this OS and CPU, and becomes it, or, where a process
// cannot, runs it and passes on signals and the exit code. Every decision about the action itself is taken in the binary.
'use strict'

const { spawn, spawnSync } = require('node:child_process')
const { accessSync, constants, existsSync, writeSync } = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64', 'win32-x64']

// What the runner sends on cancellation (SIGINT, then SIGTERM; Ctrl-C, then Ctrl-Break on Windows), and a closed terminal.
const SIGNALS = process.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP']

// A message with a line break would end the workflow command early; `%` starts an escape.
const escape = text => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A')

function fail(message) {
  process.stdout.write(`::error::${escape(message)}\n`)
  process.exitCode = 1
}

function findBinary() {
  const platform = `${process.platform}-${process.arch}`
  const name = process.platform === 'win32' ? 'bento-actions.exe' : 'bento-actions'
  const own = path.join(__dirname, '..', 'bin')
  // Whoever can write to the job's environment would choose the program that gets the secrets: pinning the action by a
  // commit pins its binary too, where the commit brings one.
  const named = existsSync(own) ? undefined : process.env.BENTO_ACTIONS_BIN
  if (process.env.BENTO_ACTIONS_BIN && !named) {
    // Not by process.stdout, which makes a pipe non-blocking: the binary gets it as it is.
    writeSync(1, 'BENTO_ACTIONS_BIN is not used: this action brings its own binary\n')
  }
  const file = path.resolve(named || path.join(own, platform), name)
  try {
    accessSync(file, constants.F_OK)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') {
      throw new Error(`Cannot look at ${file}: ${error.message}. Check the permissions of its folder.`)
    }
    if (named) throw new Error(`BENTO_ACTIONS_BIN is ${named}, but there is no ${name} in it. Build it there, or unset the variable.`)
    const advice = PLATFORMS.includes(platform)
      ? 'The binaries come with release tags only: refer to this action by a release tag (or that tag\'s commit)'
      : 'Run the job on a runner of a supported platform'
    const otherwise = existsSync(own) ? '' : `, or set BENTO_ACTIONS_BIN to a folder that holds ${name}`
    throw new Error(`No bento-actions binary for ${platform} at ${file}. Supported platforms: ${PLATFORMS.join(', ')}. `
      + `${advice}${otherwise}.`)
  }
  try {
    accessSync(file, constants.X_OK)
  } catch {
    throw new Error(`${file} is not executable. Run \`chmod +x\` on it: a copy or an archive may have dropped the permission.`)
  }
  return file
}

// The binary takes the place of this process. Node, as its parent, would keep the job's tokens where every program of the
// same user can read them, in /proc/PID/environ; the binary guards its own.
function become(file, args) {
  // An execve that fails aborts node without a word of ours: an attempt, which sees nothing of the job, shows that it starts.
  const { error, status, signal } = spawnSync(file, ['--version'], { stdio: 'ignore', env: {}, timeout: 30000 })
  if (error) throw error
  // A file for another CPU is taken for a shell's script there.
  if (status !== 0) throw new Error(`its --version ended with ${signal || status}`)
  process.execve(file, [file, ...args])
}

module.exports = function launch(action, stage) {
  let file, child
  const args = stage === 'post' ? [action, '--post'] : [action]
  const cannotStart = error => fail(`Cannot start ${file}: ${error.message}. Is it built for ${process.platform}-${process.arch}?`)
  try {
    file = findBinary()
  } catch (error) {
    return fail(error.message)
  }
  if (process.platform !== 'win32' && process.execve) {
    try {
      return become(file, args)
    } catch (error) {
      return cannotStart(error)
    }
  }
  // A handler keeps node from ending at the signal: the end and its exit code are the binary's to choose. Set before the
  // binary starts, or a signal in between would orphan it.
  for (const signal of SIGNALS) process.on(signal, () => child && child.kill(signal))
  try {
    // Asynchronous: with spawnSync a SIGINT would end node at once and orphan the binary.
    child = spawn(file, args, { stdio: 'inherit' })
  } catch (error) {
    return cannotStart(error) // some errors are thrown (ENOEXEC, ETXTBSY), others come as an event (EACCES)
  }
  child.on('error', error => {
    // Also raised when a signal could not be sent: then the child's own end is still to come.
    if (child.pid === undefined) cannotStart(error)
  })
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + os.constants.signals[signal] : code
  })
}
