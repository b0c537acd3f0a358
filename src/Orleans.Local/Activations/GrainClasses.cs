using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Activations;

/// <summary>
/// All grain classes of this process, found by reflection in the assemblies that use this one: those that are loaded, and those that they
/// refer to. Every silo of the process has them all.
/// </summary>
internal static class GrainClasses
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<string> Seen = [];
    private static volatile Index _index = new([]);

    public static GrainClass Of(GrainId grainId) =>
        Find(index => index.ByType.GetValueOrDefault(grainId.Type))
        ?? throw new ArgumentException($"No class has the grain type of {grainId}.");

    /// <summary>
    /// The class that serves an interface; with several, the one named like the interface, or the only one that a prefix of its full name
    /// picks out.
    /// </summary>
    public static GrainClass Of(Type grainInterface, string? prefix)
    {
        var candidates = Find(index => index.ByInterface.GetValueOrDefault(grainInterface)) ?? [];
        if (!string.IsNullOrEmpty(prefix))
        {
            candidates = [.. candidates.Where(candidate => candidate.FullName.StartsWith(prefix, StringComparison.Ordinal))];
            var exact = candidates.FirstOrDefault(candidate => candidate.FullName.Length == prefix.Length);
            candidates = exact is null ? candidates : [exact];
        }
        else if (candidates.FirstOrDefault(candidate => "I" + candidate.Name == grainInterface.Name) is { } likeInterface)
        {
            candidates = [likeInterface];
        }

        if (candidates is [var only])
        {
            return only;
        }

        var names = string.Join(" and ", candidates.Select(candidate => candidate.FullName));
        var found = names.Length == 0 ? "none does" : $"{names} do";
        throw new ArgumentException($"One class must implement {grainInterface} (with the prefix \"{prefix}\"), but {found}.");
    }

    private static T? Find<T>(Func<Index, T?> find)
        where T : class
    {
        if (find(_index) is { } found)
        {
            return found;
        }

        lock (Gate)
        {
            List<Type> types = [];
            foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
            {
                AddTypes(assembly, types);
            }

            if (types.Count > 0)
            {
                _index = new Index([.. _index.All, .. types.Select(type => new GrainClass(type))]);
            }
        }

        return find(_index);
    }

    private static void AddTypes(Assembly assembly, List<Type> types)
    {
        if (assembly.IsDynamic || !Seen.Add(assembly.FullName!))
        {
            return;
        }

        var own = typeof(GrainClasses).Assembly;
        var references = assembly.GetReferencedAssemblies();
        if (assembly != own && !references.Any(reference => reference.Name == own.GetName().Name))
        {
            return;
        }

        types.AddRange(assembly.GetTypes().Where(GrainClass.IsGrainClass));
        foreach (var reference in references.Where(reference => !reference.Name!.StartsWith("System.", StringComparison.Ordinal)))
        {
            AddTypes(Assembly.Load(reference), types);
        }
    }

    private sealed class Index
    {
        public Index(GrainClass[] all)
        {
            All = all;
            foreach (var grainClass in all)
            {
                if (!ByType.TryAdd(grainClass.GrainType, grainClass))
                {
                    var other = ByType[grainClass.GrainType];
                    throw new InvalidOperationException(
                        $"{grainClass.FullName} and {other.FullName} have the same grain type, {other.GrainType}.");
                }

                foreach (var grainInterface in grainClass.Interfaces)
                {
                    ByInterface[grainInterface] = [.. ByInterface.GetValueOrDefault(grainInterface, []), grainClass];
                }
            }
        }

        public GrainClass[] All { get; }

        public Dictionary<GrainType, GrainClass> ByType { get; } = [];

        public Dictionary<Type, GrainClass[]> ByInterface { get; } = [];
    }
}
