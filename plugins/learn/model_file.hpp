#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <millrace/context.hpp>
#include <millrace/params.hpp>

namespace millrace::learn {

/// What a model's file is called in a folder of its own.
inline constexpr std::string_view kTermFileName = "term_dict.csv";
inline constexpr std::string_view kForestFileName = "model.forest";

/// The parameters that say which model is read: `model`, or `folder` and `path`. Members of a JSON
/// object.
[[nodiscard]] std::string model_params(std::string_view file_name);
/// Says in plan() what is wrong with them.
void plan_model(Context& context, const Params& params);
/// Returns the address of the model's file. Throws Failure with InvalidArgument as
/// address_below().
[[nodiscard]] std::string model_address(const Params& params, std::string_view file_name);

/// Returns the address of `file_name` in the folder `path` below the address `folder`. Throws
/// Failure with InvalidArgument where `path` is not one plain relative path: it is empty, over 1024
/// bytes or not UTF-8; a part of it is empty, "." or ".."; it has a control character or a
/// backslash; or one of its folders is a link, where `folder` is a folder of this machine.
[[nodiscard]] std::string address_below(std::string_view folder, std::string_view path,
                                        std::string_view file_name);

/// What a message calls the file: its place below `folder`, or its address.
[[nodiscard]] std::string model_title(const Params& params, std::string_view file_name);

/// Reads a model's file, `title` in messages. NotFound where there is none. A pickle is refused
/// with DataInvalid, by its name before it is opened, or by its first bytes: loading one can run
/// any code, and there is nothing here that does.
[[nodiscard]] std::string read_model_file(Context& context, std::string_view address,
                                          std::uint64_t max_bytes, std::string_view title);

}  // namespace millrace::learn
