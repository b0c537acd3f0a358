using System.CommandLine;
using Loire.Cli.Failures;
using Loire.Model;

namespace Loire.Cli.CommandLine;

/// <summary><c>-z</c>: how batches are compressed.</summary>
internal static class CodecOption
{
    private static readonly Dictionary<string, CompressionType> Codecs = new(StringComparer.OrdinalIgnoreCase)
    {
        ["none"] = CompressionType.None,
        ["gzip"] = CompressionType.Gzip,
        ["snappy"] = CompressionType.Snappy,
        ["lz4"] = CompressionType.Lz4,
        ["zstd"] = CompressionType.Zstd,
    };

    public static Option<string> Create()
    {
        var option = new Option<string>("--compression", "-z")
        {
            Description = "How batches are compressed.",
            HelpName = string.Join('|', Codecs.Keys),
            DefaultValueFactory = _ => "none",
        };
        option.CompletionSources.Add([.. Codecs.Keys]);
        return option;
    }

    public static CompressionType Read(ParseResult parsed, Option<string> option) => Codecs.TryGetValue(parsed.GetValue(option)!, out var codec)
        ? codec
        : throw CliException.Usage($"There is no codec '{parsed.GetValue(option)}'.", $"{option.Name} is {string.Join(", ", Codecs.Keys)}.");
}
