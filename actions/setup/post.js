require('../launcher/launch.js')('setup', 'post')
