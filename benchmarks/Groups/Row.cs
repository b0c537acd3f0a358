using System.Globalization;

namespace Loire.Groups.Benchmarks;

/// <summary>Rows of the table that the programs print.</summary>
internal static class Row
{
    public static void Head()
    {
        Console.WriteLine("| what | figure | beside | ratio | target |");
        Console.WriteLine("|---|---:|---:|---:|---|");
    }

    public static void Print(
        string what, FormattableString figure, FormattableString? beside = null, double? ratio = null, string target = "")
    {
        var (first, second) = (FormattableString.Invariant(figure), beside is null ? "" : FormattableString.Invariant(beside));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {what} | {first} | {second} | {ratio:G2} | {target} |"));
    }
}
