require('../launcher/launch.js')('deploy-bento', 'post')
