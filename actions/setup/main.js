require('../launcher/launch.js')('setup')
