require('../launcher/launch.js')('containerize-push')
