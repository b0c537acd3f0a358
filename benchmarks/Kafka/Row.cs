namespace Loire.Kafka.Benchmarks;

/// <summary>Lines of the table.</summary>
internal static class Row
{
    public static void Head()
    {
        Console.WriteLine("| what | figure | beside | ratio | target |");
        Console.WriteLine("|---|---:|---:|---:|---|");
    }

    public static void Print(string what, string figure, string beside = "", double ratio = double.NaN, string target = "") =>
        Console.WriteLine($"| {what} | {figure} | {beside} | {(double.IsNaN(ratio) ? "" : $"{ratio:F2}")} | {target} |");

    public static double Median(IEnumerable<double> values) => Quantile(values, 0.5);

    public static double Quantile(IEnumerable<double> values, double quantile)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)(sorted.Length * quantile)];
    }

    /// <summary>The median of the ratios of values that belong together.</summary>
    public static double Ratio(IEnumerable<double> ours, IEnumerable<double> theirs) => Median(ours.Zip(theirs, static (our, their) => our / their));

    /// <summary>A rate, with as many digits as it is worth.</summary>
    public static string Rate(double perSecond) => perSecond >= 1e6 ? $"{perSecond / 1e6:F2} M" : $"{perSecond / 1e3:F0} k";
}
