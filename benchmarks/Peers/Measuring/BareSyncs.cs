using Loire.Storage.Benchmarks;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>
/// What a lone 4 KB write and its fdatasync take on this disk, measured between the contenders' slices: at the end of a file, where blocks have to be allocated,
/// and over zeros that were written before, which many disks do faster.
/// </summary>
internal sealed class BareSyncs : IDisposable
{
    private const int PerSlice = 50;

    private readonly Bare _append;
    private readonly Bare _overwrite;
    private readonly byte[] _block = new byte[4_096];
    private readonly Dictionary<Work, (List<double> Append, List<double> Overwrite)> _took = [];

    public BareSyncs(string directory, int slices)
    {
        _append = new Bare(Directory.CreateDirectory(Path.Combine(directory, "append")).FullName);
        _overwrite = new Bare(
            Directory.CreateDirectory(Path.Combine(directory, "overwrite")).FullName, writeZerosFirst: true, (long)slices * PerSlice * _block.Length);
    }

    public void Measure(Work work)
    {
        if (!_took.TryGetValue(work, out var took))
        {
            _took.Add(work, took = ([], []));
        }

        for (var i = 0; i < PerSlice; i++)
        {
            took.Append.Add(_append.WriteAndSync([_block]).TotalMicroseconds);
            took.Overwrite.Add(_overwrite.WriteAndSync([_block]).TotalMicroseconds);
        }
    }

    /// <summary>Microseconds.</summary>
    public (double Append, double Overwrite) Quantile(Work work, double quantile) =>
        (Quantile(_took[work].Append, quantile), Quantile(_took[work].Overwrite, quantile));

    public void Dispose()
    {
        _append.Dispose();
        _overwrite.Dispose();
    }

    private static double Quantile(List<double> values, double quantile)
    {
        var sorted = values.Order().ToArray();
        return sorted[(int)(sorted.Length * quantile)];
    }
}
