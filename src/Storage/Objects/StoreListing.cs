using System.Runtime.CompilerServices;
using System.Text;

namespace Loire.Storage.Objects;

/// <summary>
/// Lists the keys of a store that is in use, from its index: a slot keeps its number as long as its key exists, so the index is read in slices and
/// writers wait only for one of them.
/// </summary>
internal static class StoreListing
{
    private const int SliceSlots = 4096;

    /// <summary>Lists the ids under a state name that begin with a prefix.</summary>
    public static async IAsyncEnumerable<string> ListAsync(
        ObjectStore store, string stateName, string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var beginning = Encoding.UTF8.GetBytes($"{stateName}\0{prefix}");
        var idAt = Encoding.UTF8.GetByteCount(stateName) + 1;
        var next = 0;
        while (next >= 0)
        {
            // Not on the caller's thread: a grain's turn must not wait for a whole index.
            var from = next;
            (var ids, next) = await Task.Run(() => ReadSlices(store, beginning, idAt, from, cancellation), cancellation).ConfigureAwait(false);
            foreach (var id in ids)
            {
                yield return id;
            }
        }
    }

    /// <summary>Reads slices until one has matching keys; returns the first slot to go on with, -1 at the end.</summary>
    private static (List<string> Ids, int Next) ReadSlices(ObjectStore store, byte[] beginning, int idAt, int from, CancellationToken cancellation)
    {
        var ids = new List<string>();
        while (ids.Count == 0)
        {
            cancellation.ThrowIfCancellationRequested();
            lock (store.Gate)
            {
                var end = Math.Min(store.Index.SlotCount, from + SliceSlots);
                for (; from < end; from++)
                {
                    if (store.Index.TryRead(from, out var key, out _) && key.StartsWith(beginning))
                    {
                        ids.Add(Encoding.UTF8.GetString(key[idAt..]));
                    }
                }

                if (from >= store.Index.SlotCount)
                {
                    return (ids, -1);
                }
            }
        }

        return (ids, from);
    }
}
