using System.Collections.Immutable;
using System.Reflection;

namespace Loire.TestKit.Contracts;

/// <summary>The types that calls carry, each checked once, with everything it holds.</summary>
internal sealed class CarriedTypes(List<string> faults)
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    // Orleans serializes these by itself, and copies none that can change without need.
    private static readonly HashSet<Type> Known =
    [
        typeof(string), typeof(decimal), typeof(Int128), typeof(UInt128), typeof(Half), typeof(Guid), typeof(Uri), typeof(Version),
        typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly),
        typeof(GrainId), typeof(GrainType), typeof(IdSpan), typeof(SiloAddress),
    ];

    private static readonly HashSet<Type> KnownGenerics =
    [
        typeof(Nullable<>), typeof(KeyValuePair<,>), typeof(ReadOnlyMemory<>), typeof(Memory<>),
        typeof(List<>), typeof(Dictionary<,>), typeof(HashSet<>), typeof(Queue<>), typeof(Stack<>),
        typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableDictionary<,>), typeof(ImmutableHashSet<>),
        typeof(ValueTuple<,>), typeof(ValueTuple<,,>), typeof(ValueTuple<,,,>), typeof(Tuple<,>), typeof(Tuple<,,>),
    ];

    private readonly HashSet<Type> _seen = [];
    private readonly Dictionary<string, Type> _byAlias = [];

    public void CheckAlias(Type type)
    {
        if (GrainContracts.Alias(type) is not { } alias)
        {
            faults.Add($"{type} has no [Alias].");
        }
        else if (_byAlias.TryGetValue(alias, out var other) && other != type)
        {
            faults.Add($"{type} and {other} have the same alias, {alias}.");
        }
        else
        {
            _byAlias[alias] = type;
        }
    }

    public void Check(Type type, string where)
    {
        if (type.IsPrimitive || Known.Contains(type) || !_seen.Add(type))
        {
            return;
        }

        if (type.IsArray)
        {
            Check(type.GetElementType()!, where);
        }
        else if (type.IsGenericType && KnownGenerics.Contains(type.GetGenericTypeDefinition()))
        {
            foreach (var argument in type.GetGenericArguments())
            {
                Check(argument, where);
            }
        }
        else if (!typeof(IAddressable).IsAssignableFrom(type))
        {
            CheckOwn(type, where);
        }
    }

    private void CheckOwn(Type type, string where)
    {
        if (!type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))
        {
            faults.Add($"{type}, {where}, has no [GenerateSerializer].");
            return;
        }

        CheckAlias(type.IsGenericType ? type.GetGenericTypeDefinition() : type);
        if (type.IsEnum)
        {
            return;
        }

        if (type.IsClass && !type.IsDefined(typeof(ImmutableAttribute), inherit: false))
        {
            faults.Add($"{type}, {where}, has no [Immutable]: one runtime would copy it, the other would share it.");
        }

        for (var level = type; level is not null && level != typeof(object) && level != typeof(ValueType); level = level.BaseType)
        {
            CheckMembers(level);
        }
    }

    private void CheckMembers(Type type)
    {
        List<uint> ids = [];
        foreach (var field in type.GetFields(Declared).Where(field => !field.IsDefined(typeof(NonSerializedAttribute))))
        {
            // The field behind an automatic property is called <Property>k__BackingField.
            var end = field.Name.IndexOf(">k__BackingField", StringComparison.Ordinal);
            MemberInfo? member = end < 0 ? field : type.GetProperty(field.Name[1..end], Declared);
            if (member?.GetCustomAttribute<IdAttribute>() is { } id)
            {
                ids.Add(id.Id);
            }
            else
            {
                faults.Add($"{type}.{member?.Name ?? field.Name} has no [Id], so it is lost on the way.");
            }

            Check(field.FieldType, $"{member?.Name} of {type}");
        }

        ids.Sort();
        if (!ids.SequenceEqual(Enumerable.Range(0, ids.Count).Select(i => (uint)i)))
        {
            faults.Add($"The [Id]s of {type} are {string.Join(", ", ids)}; they must count from 0 without a gap, repeating none.");
        }
    }
}
