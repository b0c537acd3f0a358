using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Loire.WebApi.Operations;

/// <summary>One instrument under its Prometheus name: '.' becomes '_', the unit and, for counters, <c>_total</c> are appended.</summary>
internal sealed class MetricFamily
{
    // Seconds, from half a millisecond (a cached read) to a minute (a long poll).
    private static readonly double[] DefaultBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private readonly ConcurrentDictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private readonly double[] _bounds;
    private readonly int _maxSeries;
    private MetricSeries? _overflow;
    private MetricSeries? _unlabelled;

    public MetricFamily(Instrument instrument, int maxSeries)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        IsObservable = instrument.IsObservable;
        Kind = type == typeof(Histogram<>) ? MetricKind.Histogram
            : type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? MetricKind.Counter
            : MetricKind.Gauge;
        // A plain gauge reports levels, an up-down counter reports differences.
        Sets = IsObservable || type == typeof(Gauge<>);
        Name = PrometheusName(instrument.Name, instrument.Unit, Kind);
        Help = instrument.Description;
        _bounds = Bounds(instrument);
        _maxSeries = maxSeries;
    }

    public string Name { get; }

    public string? Help { get; }

    public MetricKind Kind { get; }

    public bool IsObservable { get; }

    private bool Sets { get; }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = Find(tags);
        if (Sets)
        {
            series.Set(value);
        }
        else
        {
            series.Add(value);
        }
    }

    public void Write(TextWriter to)
    {
        if (Help is { } help)
        {
            to.Write($"# HELP {Name} {help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\n");
        }

        to.Write($"# TYPE {Name} {Kind switch { MetricKind.Counter => "counter", MetricKind.Gauge => "gauge", _ => "histogram" }}\n");
        foreach (var series in _series.Values.OrderBy(series => series.Labels, StringComparer.Ordinal))
        {
            series.Write(to, Name);
        }
    }

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length == 0)
        {
            return _unlabelled ??= _series.GetOrAdd("", _ => NewSeries(""));
        }

        var labels = Labels(tags);
        if (_series.TryGetValue(labels, out var series))
        {
            return series;
        }

        return _series.Count < _maxSeries
            ? _series.GetOrAdd(labels, NewSeries)
            : _overflow ??= _series.GetOrAdd("overflow=\"true\"", NewSeries);
    }

    private MetricSeries NewSeries(string labels) => new(labels, Kind, _bounds);

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
        {
            if (text.Length > 0)
            {
                text.Append(',');
            }

            AppendName(text, name);
            text.Append("=\"");
            var words = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            text.Append(words.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal));
            text.Append('"');
        }

        return text.ToString();
    }

    private static string PrometheusName(string name, string? unit, MetricKind kind)
    {
        var text = new StringBuilder();
        AppendName(text, name);
        var suffix = unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            "1" => kind == MetricKind.Gauge ? "_ratio" : "",
            _ => "",
        };
        if (!text.ToString().EndsWith(suffix, StringComparison.Ordinal))
        {
            text.Append(suffix);
        }

        return kind == MetricKind.Counter ? text.Append("_total").ToString() : text.ToString();
    }

    private static void AppendName(StringBuilder to, string name)
    {
        if (name.Length > 0 && char.IsAsciiDigit(name[0]))
        {
            to.Append('_');
        }

        foreach (var c in name)
        {
            to.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }
    }

    private static double[] Bounds(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } advice } => [.. advice],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } advice } => [.. advice.Select(bound => (double)bound)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } advice } => [.. advice.Select(bound => (double)bound)],
        _ => DefaultBounds,
    };
}
