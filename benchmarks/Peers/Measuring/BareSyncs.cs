using Loire.Storage.Benchmarks;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>What a lone 4 KB write and its fdatasync take on this disk, measured between the contenders' slices.</summary>
internal sealed class BareSyncs(string directory) : IDisposable
{
    private const int PerSlice = 100;

    private readonly Bare _bare = new(directory);
    private readonly byte[] _block = new byte[4_096];
    private readonly Dictionary<Work, List<double>> _took = [];

    public void Measure(Work work)
    {
        if (!_took.TryGetValue(work, out var took))
        {
            _took.Add(work, took = []);
        }

        for (var i = 0; i < PerSlice; i++)
        {
            took.Add(_bare.WriteAndSync([_block]).TotalMicroseconds);
        }
    }

    /// <summary>Microseconds.</summary>
    public double Quantile(Work work, double quantile)
    {
        var sorted = _took[work].Order().ToArray();
        return sorted[(int)(sorted.Length * quantile)];
    }

    public void Dispose() => _bare.Dispose();
}
