//! Articles and parsed feeds as the JSON of the contract.
