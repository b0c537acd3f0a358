using System.Runtime.CompilerServices;

namespace Loire.TestKit;

/// <summary>A page of <c>docs</c> that is made from the code, so that it cannot say something else. LOIRE_GOLDEN=write writes it anew.</summary>
public static class ReferencePage
{
    /// <summary>What is wrong with a page; null if it says what it should.</summary>
    /// <param name="name">Its file in <c>docs</c>.</param>
    /// <param name="expected">What it should say.</param>
    /// <param name="source">A file two folders below the root of the repository.</param>
    public static string? Problem(string name, string expected, [CallerFilePath] string source = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(source)!, "..", "..", "docs", name);
        if (Environment.GetEnvironmentVariable("LOIRE_GOLDEN") == "write")
        {
            File.WriteAllText(path, expected);
        }

        var found = File.Exists(path) ? File.ReadAllText(path) : "";
        var at = found.Zip(expected).TakeWhile(pair => pair.First == pair.Second).Count();
        return found == expected ? null
            : $"docs/{name} is not what the code says, from character {at} on; LOIRE_GOLDEN=write writes it anew. Expected: {expected[at..Math.Min(expected.Length, at + 200)]}";
    }
}
