namespace Loire.Grains.Benchmarks;

/// <summary>Rows of the table that the program prints.</summary>
internal static class Rows
{
    public static void Head()
    {
        Console.WriteLine("| what | figure | beside | ratio | target |");
        Console.WriteLine("|---|---:|---:|---:|---|");
    }

    public static void Print(string what, string figure, string beside = "", double ratio = double.NaN, string target = "") =>
        Console.WriteLine($"| {what} | {figure} | {beside} | {(double.IsNaN(ratio) ? "" : $"{ratio:F2}")} | {target} |");

    public static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
