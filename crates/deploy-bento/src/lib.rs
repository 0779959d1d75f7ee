//! The deploy-bento action: a Bento becomes a running Deployment
