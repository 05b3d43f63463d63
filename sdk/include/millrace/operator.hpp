#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <millrace/abi.h>
#include <millrace/batch.hpp>
#include <millrace/context.hpp>
#include <millrace/params.hpp>

namespace millrace {

/// What an operator is for; validation reads it to say which node may follow which.
enum class Role { Input, Filter, Augment, Preprocess, Train, Label, Output };

/// The base of all operators but inputs. An instance belongs to one node and, when `replicable`, to
/// one worker; it is made from the checked parameters, called by one thread at a time, and
/// destroyed with the job. Throw Failure (or any std::exception, which becomes Internal) to fail
/// the batch.
///
/// A class declares itself with these constants; only the first three are mandatory, and
/// docs/writing-a-plugin.md lists the members of the JSON objects:
/// - kName: the id, "filter.min_area"
/// - kRole: Role::Filter
/// - kDoc: a paragraph for the operator's page
/// - kParams: JSON object, one member a parameter: type, default, minimum, maximum, enum, unit, doc
/// - kTraits: JSON object: what it reads and adds, how it may be run
/// It may also have `static void plan(Context&, const Params&)` to check parameters further.
class Operator {
 public:
  virtual ~Operator() = default;
  /// Takes one batch and emits any number. [worker, serial per instance]
  virtual void process(Context& context, Batch batch) = 0;
  /// Called after a call that asked for it with Context::more(), before any other batch. [worker]
  virtual void process_more(Context& context);
  /// Called after the last batch; may still emit, and ask with Context::more() to be called again.
  /// [worker]
  virtual void finish(Context&) {}
};

/// The base of inputs. [worker, serial]
class Source {
 public:
  virtual ~Source() = default;
  /// Emits about one batch; returns false when there will be no more.
  virtual bool produce(Context& context) = 0;
};

/// What an operator or source with state between batches adds, so that a job can go on after a
/// crash.
class Checkpointed {
 public:
  virtual ~Checkpointed() = default;
  /// Returns the state after the batches seen so far. A Failure with Unavailable says that there is
  /// none now, for instance because it is too large to keep: the job keeps its earlier checkpoint.
  virtual std::string snapshot(Context& context) = 0;
  /// Brings a new instance to that state, before its first batch.
  virtual void restore(Context& context, std::string_view state) = 0;
};

}  // namespace millrace

#include <millrace/detail/plugin.hpp>

/// MR_PLUGIN("name", "1.0.0", Class...): the one line that makes the classes a plugin. Once in a
/// shared library.
#define MR_PLUGIN(name, version, ...) \
  MR_PLUGIN_TABLE(name, version, ::millrace::detail::define_all<__VA_ARGS__>)

/// MR_PLUGIN_TABLE("name", "1.0.0", function): the same for operators that are rows of a table.
/// `function` takes nothing and returns what converts to std::span<const
/// millrace::OperatorDefinition>, which lives as long as the program; see operator_definition.hpp.
#define MR_PLUGIN_TABLE(name, version, ...)                                        \
  extern "C" __attribute__((visibility("default"))) const mr_plugin* mr_plugin_v1( \
      const mr_host* host) {                                                       \
    return ::millrace::detail::describe(host, name, version, __VA_ARGS__);         \
  }
