namespace Loire.Client.Benchmarks;

/// <summary>One line of the table.</summary>
internal static class Row
{
    public static void Print(string what, string figure, string beside = "", double ratio = double.NaN, string target = "") =>
        Console.WriteLine($"| {what} | {figure} | {beside} | {(double.IsNaN(ratio) ? "" : $"{ratio:F2}")} | {target} |");

    public static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
