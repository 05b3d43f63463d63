#pragma once

#include <stdexcept>

namespace millrace::client {

/// What the library throws derives from this. A server that refuses or does not answer is no
/// exception: the call returns an empty list, the reason is logged and stands in last_reply().
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A configuration that cannot be used: a file with faults, no address, nothing to sign in with.
class ConfigInitializationError : public Error {
 public:
  using Error::Error;
};

/// Neither a password nor an app token nor an SSH key was given.
class AuthInitializationError : public Error {
 public:
  using Error::Error;
};

/// A way to sign in that the registry does not have.
class AuthenticationError : public Error {
 public:
  using Error::Error;
};

/// The git program cannot be run, or what it was asked about is no repository.
class GitError : public Error {
 public:
  using Error::Error;
};

/// A local file cannot be read or written.
class FileError : public Error {
 public:
  using Error::Error;
};

/// A local file is there already, and was to be kept.
class FileExistsError : public FileError {
 public:
  using FileError::FileError;
};

}  // namespace millrace::client
