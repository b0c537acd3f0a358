using System.Globalization;
using Loire.Log;

namespace Loire.Storage.Tests;

/// <summary>What a file store lists.</summary>
public sealed class ListingTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Objects_are_listed_by_state_and_prefix_also_after_the_store_is_opened_again()
    {
        await using (var store = await _directory.OpenStoreAsync())
        {
            Assert.Empty(await ListAsync(store, "state", ""));
            foreach (var key in new[] { "a", "a/1", "a/2x", "b/1" })
            {
                await store.WriteAsync(key, [1]);
            }

            await store.ClearAsync("a/2", await store.WriteAsync("a/2", [1]));
        }

        await using var again = await _directory.OpenStoreAsync();
        Assert.Equal(["test/a", "test/a/1", "test/a/2x", "test/b/1"], await ListAsync(again, "state", ""));
        Assert.Equal(["test/a/1", "test/a/2x"], await ListAsync(again, "state", "test/a/"));
        Assert.Empty(await ListAsync(again, "stat", ""));
        Assert.Empty(await ListAsync(again, "state", "test/c"));
    }

    [Fact]
    public async Task What_exists_during_the_whole_listing_is_listed_once_while_others_come_and_go()
    {
        await using var store = await _directory.OpenStoreAsync();
        var kept = Enumerable.Range(0, 10_000).Select(i => $"kept/{i.ToString("D5", CultureInfo.InvariantCulture)}").ToArray();
        var etags = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(i => store.WriteAsync($"goes/{i}", [1])));
        await Task.WhenAll(kept.Select(key => store.WriteAsync(key, [1])));
        List<string> listed = [];
        await foreach (var id in store.ListAsync("state", "test/", default))
        {
            listed.Add(id);
            if (listed.Count % 2_000 == 0)
            {
                var from = listed.Count / 2;
                await Task.WhenAll(Enumerable.Range(from, 1_000).Where(i => i < etags.Length).Select(i => store.ClearAsync($"goes/{i}", etags[i])));
                await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => store.WriteAsync($"comes/{from}/{i}", [1])));
            }
        }

        Assert.Equal(kept.Select(key => $"test/{key}"), listed.Where(id => id.StartsWith("test/kept/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    private static async Task<List<string>> ListAsync(IObjectListing listing, string state, string prefix)
    {
        List<string> ids = [];
        await foreach (var id in listing.ListAsync(state, prefix, default))
        {
            ids.Add(id);
        }

        ids.Sort(StringComparer.Ordinal);
        return ids;
    }
}
