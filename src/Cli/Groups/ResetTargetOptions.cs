using System.CommandLine;
using System.Text.Json.Nodes;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;

namespace Loire.Cli.Groups;

/// <summary>The options for the target of a reset; exactly one must be given.</summary>
internal sealed class ResetTargetOptions
{
    private readonly Option<bool> _earliest = new("--to-earliest") { Description = "To the first record." };
    private readonly Option<bool> _latest = new("--to-latest") { Description = "To the end of the log." };

    private readonly Option<long?> _offset = new("--to-offset")
    {
        Description = "To this offset, or the nearest one that can be read.",
        HelpName = "N",
    };

    private readonly Option<string?> _time = new("--to-time")
    {
        Description = "To the first record at or after this time: ISO 8601, local without an offset, -1h for an hour ago, or milliseconds since 1970.",
        HelpName = "TIME",
    };

    private readonly Option<long?> _shift = new("--shift-by")
    {
        Description = "N records forward, or back if N is negative.",
        HelpName = "N",
    };

    public void AddTo(Command command)
    {
        Option[] all = [_earliest, _latest, _offset, _time, _shift];
        Array.ForEach(all, command.Options.Add);
    }

    /// <summary>The members of the request for the target.</summary>
    public JsonObject Read(ParseResult parsed, TimeProvider clock)
    {
        var targets = new List<JsonObject>();
        if (parsed.GetValue(_earliest))
        {
            targets.Add(new JsonObject { ["to"] = "earliest" });
        }

        if (parsed.GetValue(_latest))
        {
            targets.Add(new JsonObject { ["to"] = "latest" });
        }

        if (parsed.GetValue(_offset) is { } offset)
        {
            targets.Add(offset >= 0
                ? new JsonObject { ["to"] = "offset", ["value"] = offset }
                : throw CliException.Usage("--to-offset must be at least 0.", "--shift-by goes back."));
        }

        if (parsed.GetValue(_time) is { } text)
        {
            targets.Add(Moment.TryParse(text, clock, out var time)
                ? new JsonObject { ["to"] = "timestamp", ["value"] = time.Milliseconds }
                : throw CliException.Usage($"--to-time {Moment.Expected}."));
        }

        if (parsed.GetValue(_shift) is { } shift)
        {
            targets.Add(new JsonObject { ["to"] = "shift", ["value"] = shift });
        }

        return targets.Count == 1
            ? targets[0]
            : throw CliException.Usage("Say where to, once.", "--to-earliest, --to-latest, --to-offset N, --to-time TIME or --shift-by N.");
    }
}
