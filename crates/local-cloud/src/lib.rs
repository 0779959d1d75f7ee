//! A BentoCloud on your own machine
