using System.Text.RegularExpressions;

namespace Loire.Architecture.Tests;

/// <summary>The pages of the repository lead where they say.</summary>
public sealed partial class PageTests
{
    private static readonly string[] Left = ["bin", "obj", "node_modules", "artifacts", "TestResults"];

    [Fact]
    public void Every_link_of_a_page_leads_to_a_file_and_a_heading_that_are_there()
    {
        List<string> broken = [];
        var count = 0;
        foreach (var page in Pages())
        {
            foreach (Match link in Link().Matches(Fence().Replace(File.ReadAllText(page), "")))
            {
                var target = link.Groups["target"].Value;
                if (target.Contains("://", StringComparison.Ordinal) || target.StartsWith("mailto:", StringComparison.Ordinal))
                {
                    continue;
                }

                count++;
                var (file, anchor) = target.Split('#', 2) is [var before, var after] ? (before, after) : (target, null);
                var path = file.Length == 0 ? page : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, file));
                var isThere = File.Exists(path) || (Directory.Exists(path) && anchor is null)
                    || (Directory.Exists(path) && File.Exists(path = Path.Combine(path, "README.md")));
                if (!isThere || (anchor is not null && path.EndsWith(".md", StringComparison.Ordinal) && !Anchors(path).Contains(anchor)))
                {
                    broken.Add($"{Path.GetRelativePath(Repository.Root, page)}: {target}");
                }
            }
        }

        Assert.True(broken.Count == 0, string.Join('\n', broken));
        Assert.InRange(count, 100, int.MaxValue);
    }

    [Fact]
    public void Every_page_of_docs_is_listed_in_their_index()
    {
        var docs = Path.Combine(Repository.Root, "docs");
        var index = File.ReadAllText(Path.Combine(docs, "README.md"));
        Assert.All(
            Directory.EnumerateFiles(docs, "*.md").Select(path => Path.GetFileName(path)).Where(name => name != "README.md"),
            name => Assert.Contains($"({name})", index, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Pages()
    {
        Stack<string> folders = new([Repository.Root]);
        while (folders.TryPop(out var folder))
        {
            foreach (var page in Directory.EnumerateFiles(folder, "*.md"))
            {
                yield return page;
            }

            foreach (var child in Directory.EnumerateDirectories(folder).Where(child => !Left.Contains(Path.GetFileName(child)) && Path.GetFileName(child)[0] != '.'))
            {
                folders.Push(child);
            }
        }
    }

    /// <summary>The anchors of a page's headings: lower case, with hyphens for spaces and without other marks.</summary>
    private static HashSet<string> Anchors(string page) =>
        [.. Heading().Matches(Fence().Replace(File.ReadAllText(page), "")).Select(heading =>
            NoAnchor().Replace(heading.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^#{1,6} (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}\s_-]")]
    private static partial Regex NoAnchor();
}
