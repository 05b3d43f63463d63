// Makes what models are registered in.
#include <string>

#include <millrace/operator.hpp>

#include "plugins/output/registry_rows.hpp"

namespace {

using millrace::Batch;
using millrace::Builder;
using millrace::Context;
using millrace::Params;

class ProjectOutput final : public millrace::Operator {
 public:
  static constexpr auto kName = "output.project";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kDoc =
      "Makes a project of the registry where there is none of its name, in the workspace of the "
      "same name, which is made too, and with `user` a user who cannot sign in where there is no "
      "such login. Once, whatever rows come. Emits their ids. In a run that is no job they are "
      "there at once, and of two runs that make them at the same time both find the same ones; a "
      "job makes them at its end, and fails where another has made them meanwhile.";
  static constexpr auto kParams = R"({
    "project": {"type": "string", "mandatory": true, "minLength": 1, "doc": "Name of the project."},
    "user": {"type": "string", "minLength": 1, "doc": "Login of the user."}})";
  static constexpr auto kTraits = R"({"stability": "alpha", "blocking": true, "accepts_any": true,
    "conformance": {"skip": {"empty": "it does the same without rows"}},
    "examples": [{"params": {"project": "loans", "user": "robot"}, "rows": {"x": [1]}, "catalog": {"id": [7]}}]})";

  explicit ProjectOutput(const Params& params)
      : project_{params.string("project")}, user_{params.string("user")} {}

  void process(Context&, Batch) override {}

  void finish(Context& context) override {
    Builder<std::int64_t> project, user;
    project.append(millrace::output::project_id(context, project_, true));
    user_.empty() ? user.append_null()
                  : user.append(millrace::output::user_id(context, user_, true));
    context.emit(Batch{}.with("project_id", std::move(project)).with("user_id", std::move(user)));
  }

 private:
  const std::string project_, user_;
};

}  // namespace

MR_PLUGIN("output_project", "1.0.0", ProjectOutput)
