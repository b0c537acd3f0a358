using System.Reflection;
using System.Text.RegularExpressions;
using ArchUnitNET.Loader;

namespace Loire.Architecture.Tests;

/// <summary>Folders of a project are rooms in layers: what one uses must not use it in turn.</summary>
public partial class FolderTests
{
    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_of_a_project_do_not_depend_on_each_other_in_a_circle(string project)
    {
        var circles = Circles(FolderDependencies(project));
        Assert.True(circles.Count == 0, $"{project}: {string.Join("; ", circles)}");
    }

    public static TheoryData<string> Projects() => [.. Repository.Projects("src").Select(path => Path.GetFileNameWithoutExtension(path))];

    /// <summary>Which folder uses which, with one use as an example; "." is the project's own folder.</summary>
    private static Dictionary<string, Dictionary<string, string>> FolderDependencies(string project)
    {
        var folders = FoldersOfTypes(project);
        var assembly = Assembly.Load(project == "Cli" ? "loire" : $"Loire.{project}");
        var types = new ArchLoader().LoadAssemblies(assembly).Build().Types
            .Where(type => type.Assembly.Name == assembly.GetName().Name)
            .ToList();
        Assert.NotEmpty(types);
        Dictionary<string, Dictionary<string, string>> graph = [];
        foreach (var type in types)
        {
            if (!folders.TryGetValue(OuterName(type.FullName), out var from))
            {
                continue;
            }

            foreach (var used in type.Dependencies.Select(dependency => OuterName(dependency.Target.FullName)).Distinct())
            {
                if (folders.TryGetValue(used, out var to) && to != from)
                {
                    var uses = graph.TryGetValue(from, out var known) ? known : graph[from] = [];
                    uses.TryAdd(to, $"{OuterName(type.FullName).Split('.')[^1]} uses {used.Split('.')[^1]}");
                }
            }
        }

        return graph;
    }

    private static Dictionary<string, string> FoldersOfTypes(string project)
    {
        var root = Path.Combine(Repository.Root, "src", project);
        Dictionary<string, string> folders = [];
        foreach (var file in Repository.Sources(project))
        {
            var text = File.ReadAllText(file);
            var ns = Namespace().Match(text).Groups[1].Value;
            foreach (Match declaration in TopLevelType().Matches(text))
            {
                folders[$"{ns}.{declaration.Groups[1].Value}"] = Path.GetRelativePath(root, Path.GetDirectoryName(file)!);
            }
        }

        return folders;
    }

    /// <summary>The name of the outermost type, without the number of its type parameters.</summary>
    private static string OuterName(string name) => name.Split('+', '/', '`', '<', '[')[0];

    private static List<string> Circles(Dictionary<string, Dictionary<string, string>> graph)
    {
        List<string> circles = [];
        foreach (var from in graph.Keys.Order(StringComparer.Ordinal))
        {
            if (ShortestPath(graph, from, from) is { } path)
            {
                circles.Add(string.Join(" -> ", path));
            }
        }

        return circles;
    }

    /// <summary>The shortest way from one folder to another over at least one use; null if there is none.</summary>
    private static List<string>? ShortestPath(Dictionary<string, Dictionary<string, string>> graph, string from, string to)
    {
        Queue<List<string>> open = new([[from]]);
        HashSet<string> seen = [];
        while (open.TryDequeue(out var path))
        {
            foreach (var (next, example) in graph.GetValueOrDefault(path[^1], []))
            {
                List<string> longer = [.. path[..^1], $"{path[^1]} ({example})", next];
                if (next == to)
                {
                    return longer;
                }

                if (seen.Add(next))
                {
                    open.Enqueue(longer);
                }
            }
        }

        return null;
    }

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^(?:(?:public|internal|sealed|static|abstract|partial|readonly|ref|file) )*(?:class|interface|enum|record struct|record class|record|struct|delegate \S+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TopLevelType();
}
