// The 318 words of scikit-learn's stop_words="english", which are those of the Glasgow Information
// Retrieval Group: texts are to have the same terms there and here. Sorted.
// http://ir.dcs.gla.ac.uk/resources/linguistic_utils/stop_words
#include <string_view>
#include <unordered_set>

#include "plugins/learn/tfidf.hpp"

namespace millrace::learn {

namespace {

constexpr std::string_view kStopWords =
    "a about above across after afterwards again against all almost alone along already "
    "also although always am among amongst amoungst amount an and another any anyhow anyone "
    "anything anyway anywhere are around as at back be became because become becomes "
    "becoming been before beforehand behind being below beside besides between beyond bill "
    "both bottom but by call can cannot cant co con could couldnt cry de describe detail do "
    "done down due during each eg eight either eleven else elsewhere empty enough etc even "
    "ever every everyone everything everywhere except few fifteen fifty fill find fire "
    "first five for former formerly forty found four from front full further get give go "
    "had has hasnt have he hence her here hereafter hereby herein hereupon hers herself him "
    "himself his how however hundred i ie if in inc indeed interest into is it its itself "
    "keep last latter latterly least less ltd made many may me meanwhile might mill mine "
    "more moreover most mostly move much must my myself name namely neither never "
    "nevertheless next nine no nobody none noone nor not nothing now nowhere of off often "
    "on once one only onto or other others otherwise our ours ourselves out over own part "
    "per perhaps please put rather re same see seem seemed seeming seems serious several "
    "she should show side since sincere six sixty so some somehow someone something "
    "sometime sometimes somewhere still such system take ten than that the their them "
    "themselves then thence there thereafter thereby therefore therein thereupon these they "
    "thick thin third this those though three through throughout thru thus to together too "
    "top toward towards twelve twenty two un under until up upon us very via was we well "
    "were what whatever when whence whenever where whereafter whereas whereby wherein "
    "whereupon wherever whether which while whither who whoever whole whom whose why will "
    "with within without would yet you your yours yourself yourselves ";

std::unordered_set<std::string_view> split(std::string_view words) {
  std::unordered_set<std::string_view> set;
  for (std::size_t space = words.find(' '); space != std::string_view::npos;
       space = words.find(' ')) {
    set.insert(words.substr(0, space));
    words.remove_prefix(space + 1);
  }
  return set;
}

}  // namespace

bool is_english_stop_word(std::string_view word) {
  static const auto words = split(kStopWords);
  return words.contains(word);
}

}  // namespace millrace::learn
