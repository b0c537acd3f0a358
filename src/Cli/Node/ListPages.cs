using System.Text.Json.Nodes;
using Loire.Cli.Node;

namespace Loire.Cli.Topics;

/// <summary>The list of topics, which the node gives in pages.</summary>
internal static class TopicPages
{
    public static async Task<List<JsonObject>> ReadAsync(NodeClient node, int pageSize, int maxPages, CancellationToken cancellation)
    {
        var rows = new List<JsonObject>();
        var path = $"v1/topics?limit={pageSize}";
        for (var pages = 0; path is not null && pages < maxPages; pages++)
        {
            var answer = await node.SendAsync(HttpMethod.Get, path, null, cancellation);
            var page = answer.Document as JsonArray ?? [];
            rows.AddRange(page.OfType<JsonObject>());
            page.Clear();
            path = answer.Next;
        }

        return rows;
    }
}
