using System.Text.Json.Nodes;

namespace Loire.Cli.Node;

/// <summary>Reads paged lists, such as those of topics and groups.</summary>
internal static class ListPages
{
    /// <summary>Reads the list at a path, such as <c>v1/topics</c>, perhaps with a query, to its end or up to a number of pages.</summary>
    public static async Task<List<JsonObject>> ReadAsync(
        NodeClient node, string list, int pageSize, int maxPages, CancellationToken cancellation)
    {
        var rows = new List<JsonObject>();
        var path = $"{list}{(list.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={pageSize}";
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
