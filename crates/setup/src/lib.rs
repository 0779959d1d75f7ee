//! The setup action: BentoML in a job
