using System.Text.Json.Nodes;

namespace Loire.Cli.Consume.Members;

/// <summary>The subscription of a group member.</summary>
/// <param name="Group">The group.</param>
/// <param name="Topics">The topics; empty with a pattern.</param>
/// <param name="Pattern">A regular expression for whole names of topics.</param>
/// <param name="FromEnd">Without a committed offset: whether to start after the last record instead of at the first.</param>
/// <param name="MaxPollInterval">The time without a request for records after which the member loses its partitions to others.</param>
internal sealed record GroupSubscription(string Group, string[] Topics, string? Pattern, bool FromEnd, TimeSpan MaxPollInterval)
{
    /// <summary>The request that creates the member.</summary>
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
