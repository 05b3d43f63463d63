#include "engine/job/ending_policy.hpp"

namespace millrace {

namespace {

using enum EndingChoice;

struct Row {
  EndingChoice run, write, store;
};

// A full disk fails a run at once, since every record that follows meets it too; the end that has
// been reached, and what was to be published, wait until there is space.
Row row_of(Code code) {
  switch (code) {  //               run    write    store
    case Code::InvalidArgument:
      return {Fail, Fail, Fail};  // a value that no column takes, an address that is not open
    case Code::NotFound:
      return {Fail, Refused, Fail};
    case Code::Conflict:
      return {Fail, Refused, Fail};
    case Code::DataInvalid:
      return {Fail, Fail, Fail};
    case Code::Cancelled:
      return {Fail, Fail, Fail};
    case Code::DeadlineExceeded:
      return {Fail, Fail, Fail};
    case Code::Exhausted:
      return {Fail, Again, Again};
    case Code::Unavailable:
      return {Again, Again, Again};
    case Code::Io:
      return {Again, Again, Again};
    case Code::Internal:
      return {Fail, Fail, Fail};
    case Code::Unauthenticated:
      return {Fail, Fail, Fail};
    case Code::PermissionDenied:
      return {Fail, Fail, Fail};
  }
  return {Fail, Fail, Fail};
}

}  // namespace

Error not_published_yet(Error error) {
  const bool is_final = error.code == Code::NotFound || error.code == Code::Cancelled;
  if (!is_final && after_error(EndingStep::Store, error.code) != EndingChoice::Again)
    error.code = Code::Unavailable;
  return error;
}

EndingChoice after_error(EndingStep step, Code code) {
  const Row row = row_of(code);
  switch (step) {
    case EndingStep::Run:
      return row.run;
    case EndingStep::Write:
      return row.write;
    case EndingStep::Store:
      return row.store;
  }
  return Fail;
}

}  // namespace millrace
