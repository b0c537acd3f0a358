namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>
/// How many bytes were added to the files of a directory. A file counts up to its last byte that is not zero, because some write zeros ahead of
/// their data; everyone here only appends. A file that is removed takes nothing back: it had been written.
/// </summary>
internal sealed class DiskGrowth(string directory)
{
    private Dictionary<string, long> _ends = [];
    private readonly byte[] _buffer = new byte[1024 * 1024];

    /// <summary>The bytes added since the last time.</summary>
    public long Take()
    {
        long grown = 0;
        var ends = new Dictionary<string, long>();
        foreach (var path in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
        {
            try
            {
                var before = _ends.GetValueOrDefault(path);
                var end = FindEnd(path, before);
                ends.Add(path, end);
                grown += Math.Max(0, end - before);
            }
            catch (IOException)
            {
                // It was removed meanwhile, or is a lock.
            }
        }

        _ends = ends;
        return grown;
    }

    private long FindEnd(string path, long from)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var end = Math.Min(from, RandomAccess.GetLength(file));
        int read;
        for (var at = end; (read = RandomAccess.Read(file, _buffer, at)) > 0; at += read)
        {
            var used = _buffer.AsSpan(0, read).LastIndexOfAnyExcept((byte)0) + 1;
            if (used > 0)
            {
                end = Math.Max(end, at + used);
            }
        }

        return end;
    }
}
