using System.Runtime.CompilerServices;
using Loire.Edge.Calls;
using Loire.Grains.Interfaces.Topics;
using Loire.Model;

namespace Loire.Edge.Topics;

/// <summary>Reads the names of all topics from the catalog.</summary>
public static class TopicPages
{
    /// <summary>Lists the topics in ordinal order of their names, page by page.</summary>
    /// <param name="topics">Reaches the catalog.</param>
    /// <param name="after">Names after this one; empty for all.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <returns>The pages; one with an error is the last.</returns>
    /// <exception cref="Exception">A call failed; see <see cref="GrainCallErrors"/>.</exception>
    public static async IAsyncEnumerable<TopicList> PagesAsync(
        this TopicCache topics, string after = "", [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var catalog = topics.Grains.GetGrain<ICatalogGrain>(ICatalogGrain.Key);
        while (true)
        {
            var (grain, from) = (catalog, after);
            var page = topics.Retries is { } retries
                ? await retries.CallAsync(
                    (grain, from), static one => one.grain.List(one.from, Limits.TopicsPerPage), static page => page.Error, TimeSpan.Zero, cancellation)
                : await grain.List(from, Limits.TopicsPerPage);
            yield return page;
            if (page.Error != ErrorCode.None || !page.HasMore || page.Names.Length == 0)
            {
                yield break;
            }

            after = page.Names[^1].Value;
        }
    }
}
