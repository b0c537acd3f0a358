using System.Globalization;

namespace Loire.WebApi.Operations;

/// <summary>How the values of an instrument add up.</summary>
internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>The values of one instrument for one set of labels. Guarded by its own lock: the hot paths report once for each batch, not each record.</summary>
internal sealed class MetricSeries(string labels, MetricKind kind, double[] bounds)
{
    private readonly long[] _buckets = kind == MetricKind.Histogram ? new long[bounds.Length + 1] : [];
    private readonly Lock _lock = new();
    private double _value;
    private long _count;

    public string Labels => labels;

    public void Add(double value)
    {
        lock (_lock)
        {
            _value += value;
            if (kind == MetricKind.Histogram)
            {
                _count++;
                var at = Array.BinarySearch(bounds, value);
                _buckets[at < 0 ? ~at : at]++;
            }
        }
    }

    /// <summary>Takes over a total or a level that the instrument keeps itself.</summary>
    public void Set(double value)
    {
        lock (_lock)
        {
            _value = value;
        }
    }

    /// <summary>Writes the lines of this series.</summary>
    public void Write(TextWriter to, string name)
    {
        lock (_lock)
        {
            if (kind != MetricKind.Histogram)
            {
                to.Write(name);
                WriteLabels(to, labels);
                WriteValue(to, _value);
                return;
            }

            long sum = 0;
            for (var i = 0; i <= bounds.Length; i++)
            {
                sum += _buckets[i];
                var bound = i == bounds.Length ? "+Inf" : bounds[i].ToString("R", CultureInfo.InvariantCulture);
                to.Write($"{name}_bucket");
                WriteLabels(to, labels.Length == 0 ? $"le=\"{bound}\"" : $"{labels},le=\"{bound}\"");
                WriteValue(to, sum);
            }

            to.Write($"{name}_sum");
            WriteLabels(to, labels);
            WriteValue(to, _value);
            to.Write($"{name}_count");
            WriteLabels(to, labels);
            WriteValue(to, _count);
        }
    }

    private static void WriteLabels(TextWriter to, string labels)
    {
        if (labels.Length > 0)
        {
            to.Write('{');
            to.Write(labels);
            to.Write('}');
        }
    }

    private static void WriteValue(TextWriter to, double value)
    {
        to.Write(' ');
        to.Write(value.ToString("R", CultureInfo.InvariantCulture));
        to.Write('\n');
    }
}
