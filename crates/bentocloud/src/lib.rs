//! Client of the BentoCloud and Yatai REST API
