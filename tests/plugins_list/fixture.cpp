#include "fixture.hpp"

#include <algorithm>
#include <stdexcept>

namespace plugins_list {

using millrace::testing::HarnessOptions;
using millrace::testing::OperatorHarness;

OperatorHarness harness(std::string_view id, std::string_view params, std::uint64_t seed,
                        std::string_view node, const std::string& folder) {
  std::string library{id};
  std::replace(library.begin(), library.end(), '.', '_');
  HarnessOptions options;
  options.library = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/" + library + ".so";
  options.seed = seed;
  options.node = node;
  options.folder = folder;
  return OperatorHarness{id, params, options};
}

const std::string_view kPulp =
    R"({"url":"qiniu:///z0/in/img/a.png","type":"image","label":{"class":{"pulp":"normal","terror":"normal"},"detect":{"general_d":{"bbox":[{"class":"dog","pts":[[10,20],[30,20],[30,40],[10,40]]}]}},"facecluster":"c1"}}
{"url":"qiniu:///z0/in/img/b.png","type":"image","label":{"class":{"pulp":"sexy"},"detect":{"general_d":{"bbox":[{"class":"cat","pts":[[0,0],[50,0],[50,30],[0,30]]},{"class":"dog","pts":[[60,10],[90,10],[90,50],[60,50]]}]}},"facecluster":"c1"}}
{"url":"qiniu:///z0/in/img/c.png","type":"image","label":{"class":{"pulp":"pulp"},"facecluster":"c2"}}
{"url":"qiniu:///z0/in/img/d.png","type":"image","label":{"class":{"pulp":"normal"}}}
{"url": "http://any_url", "type": "image", "label": {"facecluster": "人脸1", "detect": {"general_d": {"bbox": [[[10, 20], [21, 31], [81, 91]], "class": "dog"}]}}, "class": {"terror": "terror", "pulp": "sexy", "general": "dog"}}}
{"url":"qiniu:///z0/in/img/e.png","type":"image","x-note":"keep me","label":{"class":{"pulp":"sexy"},"facecluster":"c1"}}
{"url":"qiniu:///z0/in/img/f.png","type":"image"}
)";

millrace::Batch rows_of(std::string_view list, std::string_view node) {
  auto input = harness("input.list", R"({"file": "qiniu:///z0/in/made.jsonlist"})", 0, node);
  input.put_object("qiniu:///z0/in/made.jsonlist", list);
  if (const auto status = input.run(); !status.ok()) throw std::runtime_error{status.message()};
  return input.table();
}

}  // namespace plugins_list
