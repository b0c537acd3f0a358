using System.Diagnostics.CodeAnalysis;

namespace Loire.Coordination.Groups.Assignors;

/// <summary>The assignors that groups can use, by the names that members list in <c>partition.assignment.strategy</c>.</summary>
public sealed class AssignorRegistry
{
    private readonly Dictionary<string, IAssignor> _assignors = new(StringComparer.Ordinal);

    /// <summary>Registers Kafka's four assignors and the <paramref name="custom"/> ones.</summary>
    /// <exception cref="ArgumentException">A name is already taken, is empty, or contains a comma or white space, which would break a
    /// comma-separated list of names.</exception>
    public AssignorRegistry(params IEnumerable<IAssignor> custom)
    {
        foreach (var assignor in BuiltIn.Concat(custom))
        {
            if (string.IsNullOrEmpty(assignor.Name) || assignor.Name.Any(letter => letter == ',' || char.IsWhiteSpace(letter)))
            {
                throw new ArgumentException($"Invalid assignor name '{assignor.Name}': it is empty or contains a comma or white space.");
            }

            if (!_assignors.TryAdd(assignor.Name, assignor))
            {
                throw new ArgumentException($"Two assignors are named '{assignor.Name}'.");
            }
        }
    }

    /// <summary>Kafka's assignors: <c>range</c>, <c>roundrobin</c>, <c>sticky</c> and <c>cooperative-sticky</c>.</summary>
    public static IReadOnlyList<IAssignor> BuiltIn { get; } =
        [new RangeAssignor(), new RoundRobinAssignor(), new StickyAssignor(), new CooperativeStickyAssignor()];

    /// <summary>The names, in ordinal order.</summary>
    public IEnumerable<string> Names => _assignors.Keys.Order(StringComparer.Ordinal);

    /// <summary>Finds an assignor by name, case-sensitively.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out IAssignor? assignor) => _assignors.TryGetValue(name, out assignor);
}
