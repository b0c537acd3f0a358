namespace Loire.Cli.CommandLine;

/// <summary>
/// Parses kcat's short options like getopt: the value may be attached (<c>-K:</c>, <c>-o-10</c>, <c>-ttopic</c>) or be the next word, even
/// one that begins with a dash, and flags may be combined (<c>-eJ</c>). Each option becomes one word <c>-x=value</c>, which the
/// command-line parser reads unambiguously; an empty value becomes a word of its own, since the parser takes <c>-x=</c> for no value.
/// </summary>
internal static class KcatArguments
{
    private static readonly Dictionary<string, (string WithValue, string Flags)> Commands = new(StringComparer.Ordinal)
    {
        ["produce"] = ("btpkKDHazl", "ZTqvh"),
        ["consume"] = ("btpgGKDocf", "eJZqvh"),
        ["tail"] = ("btpKDnf", "JZqvh"),
    };

    // Options before the command that take the next word as their value.
    private static readonly string[] Leading = ["--server", "-b", "--context", "--timeout"];

    public static string[] Expand(string[] args)
    {
        var at = 0;
        while (at < args.Length && args[at].StartsWith('-'))
        {
            at += Leading.Contains(args[at]) ? 2 : 1;
        }

        var known = at < args.Length && Commands.TryGetValue(args[at], out var found) ? found : (WithValue: "", Flags: "");
        if (at >= args.Length)
        {
            return args;
        }

        List<string> expanded = [.. args[..(at + 1)]];
        for (at++; at < args.Length; at++)
        {
            if (args[at] == "--")
            {
                expanded.AddRange(args[at..]);
                break;
            }

            var hasNext = at + 1 < args.Length;
            if (args[at] is ['-', '-', _, .., '='] && !args[at][..^1].Contains('=', StringComparison.Ordinal))
            {
                expanded.AddRange([args[at][..^1], ""]);
            }
            else if (TryExpand(args[at], hasNext ? args[at + 1] : null, known.WithValue, known.Flags, out var words, out var tookNext))
            {
                expanded.AddRange(words);
                at += tookNext ? 1 : 0;
            }
            else
            {
                expanded.Add(args[at]);
            }
        }

        return [.. expanded];
    }

    private static bool TryExpand(string word, string? next, string withValue, string flags, out List<string> words, out bool tookNext)
    {
        words = [];
        tookNext = false;
        if (word.Length < 2 || word[0] != '-' || word[1] == '-')
        {
            return false;
        }

        for (var i = 1; i < word.Length; i++)
        {
            if (withValue.Contains(word[i], StringComparison.Ordinal))
            {
                var rest = word[(i + 1)..];
                tookNext = rest.Length == 0 && next is not null;
                words.Add(rest.Length > 0 ? $"-{word[i]}={rest}" : next?.Length > 0 ? $"-{word[i]}={next}" : $"-{word[i]}");
                words.AddRange(rest.Length == 0 && next?.Length == 0 ? [""] : []);
                return true;
            }

            if (!flags.Contains(word[i], StringComparison.Ordinal))
            {
                return false;
            }

            words.Add($"-{word[i]}");
        }

        return true;
    }
}
