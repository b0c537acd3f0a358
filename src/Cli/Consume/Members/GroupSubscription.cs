using System.Text.Json.Nodes;

namespace Loire.Cli.Consume.Members;

/// <summary>What is to be read as a member of a group.</summary>
/// <param name="Group">The group.</param>
/// <param name="Topics">The topics; none with a pattern.</param>
/// <param name="Pattern">A regular expression for whole names of topics.</param>
/// <param name="FromEnd">Where nothing is committed: whether to begin behind the last record instead of at the first.</param>
/// <param name="MaxPollInterval">A member that has not asked for records for so long loses its partitions to others.</param>
internal sealed record GroupSubscription(string Group, string[] Topics, string? Pattern, bool FromEnd, TimeSpan MaxPollInterval)
{
    /// <summary>The request that makes a member.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["client_id"] = "loire",
            ["auto_offset_reset"] = FromEnd ? "latest" : "earliest",
            ["auto_commit_interval_ms"] = 1_000,
            ["max_poll_interval_ms"] = (int)MaxPollInterval.TotalMilliseconds,
        };
        if (Pattern is not null)
        {
            json["topic_pattern"] = Pattern;
        }
        else
        {
            json["topics"] = new JsonArray([.. Topics.Select(topic => JsonValue.Create(topic))]);
        }

        return json;
    }
}
