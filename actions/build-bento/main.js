require('../launcher/launch.js')('build-bento')
