using Loire.Log.Objects;

namespace Loire.Log.Chains;

/// <summary>Walks entries and everything below them, pages included.</summary>
internal sealed class EntryWalk(ObjectLoader loader)
{
    /// <summary>
    /// Adds every object below the entries to <paramref name="found"/>, a page after what it lists; false if a page cannot be read now.
    /// </summary>
    public async Task<bool> CollectAsync(ReadOnlyMemory<ChainEntry> entries, List<ChainEntry> found)
    {
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries.Span[i];
            if (entry.Kind == ObjectKind.Page)
            {
                var (status, below) = await ReadPageAsync(entry);
                if (status == FetchStatus.Unreachable || !await CollectAsync(below, found))
                {
                    return false;
                }
            }

            found.Add(entry);
        }

        return true;
    }

    /// <summary>Reads the entries of a page; none, with the status, if it cannot be read.</summary>
    public async ValueTask<(FetchStatus Status, ChainEntry[] Entries)> ReadPageAsync(ChainEntry page)
    {
        var loaded = await loader.LoadAsync(page);
        if (loaded.Object is not { } found)
        {
            return (loaded.Status, []);
        }

        var bytes = new byte[found.Header.BodyBytes];
        return found.TryCopy(0, bytes) && ChainEntry.TryRead(bytes, out var entries)
            ? (FetchStatus.Found, entries)
            : (FetchStatus.Damaged, []);
    }
}
