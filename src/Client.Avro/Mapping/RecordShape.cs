using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Loire.Client.Avro;

/// <summary>What of a type belongs to the fields of a record: its public properties and fields, and how it is constructed.</summary>
internal sealed class RecordShape
{
    private readonly Type _type;
    private readonly RecordSchema _schema;
    private readonly List<(string Name, MemberInfo Member)> _members;

    /// <exception cref="AvroMappingException">The type cannot be a record at all.</exception>
    public RecordShape(Type type, RecordSchema schema, string where)
    {
        if (type.Namespace == nameof(System) || type.IsEnum || type.IsPointer || CollectionShape.OfItems(type) is not null
            || CollectionShape.OfEntries(type) is not null || NaturalTypes.IsGeneric(type))
        {
            throw NaturalTypes.Mismatch(schema, type, where);
        }

        const BindingFlags Public = BindingFlags.Instance | BindingFlags.Public;
        (_type, _schema) = (type, schema);
        _members =
        [
            .. type.GetProperties(Public).Where(property => property.GetIndexParameters().Length == 0)
                .Select(property => ((Named(property) ?? OfParameter(property))?.Name ?? property.Name, (MemberInfo)property)),
            .. type.GetFields(Public).Select(field => (Named(field)?.Name ?? field.Name, (MemberInfo)field)),
        ];
    }

    /// <summary>
    /// How one is made: a class by its constructor without parameters if it has one, everything else by the public one with the most.
    /// Null for a structure without any.
    /// </summary>
    /// <exception cref="AvroMappingException">There is none.</exception>
    public ConstructorInfo? Constructor(string where)
    {
        var constructors = _type.GetConstructors();
        return (_type.IsValueType ? null : _type.GetConstructor(Type.EmptyTypes))
            ?? constructors.MaxBy(constructor => constructor.GetParameters().Length)
            ?? (_type.IsValueType ? null : throw new AvroMappingException($"{where}: {_type} has no public constructor."));
    }

    /// <summary>For each field of the schema, what it is read from when it is written; null where there is nothing.</summary>
    public MemberInfo?[] Readable() => Find(member => member is not PropertyInfo property || property.GetMethod is { IsPublic: true });

    /// <summary>For each field of the schema, what it is assigned to when it is read; null where there is nothing.</summary>
    public MemberInfo?[] Settable() =>
        Find(member => member is PropertyInfo property ? property.SetMethod is { IsPublic: true } : !((FieldInfo)member).IsInitOnly);

    /// <summary>For each parameter of a constructor, the position of the field that it takes; −1 where there is none.</summary>
    public int[] Fields(ParameterInfo[] parameters)
    {
        var taken = Match([.. parameters.Select(parameter => Named(parameter)?.Name ?? parameter.Name!)]);
        return [.. parameters.Select((_, i) => Array.IndexOf(taken, i))];
    }

    /// <summary>Members that the compiler would want to be set.</summary>
    public IEnumerable<MemberInfo> Required(ConstructorInfo? constructor) =>
        constructor?.IsDefined(typeof(SetsRequiredMembersAttribute)) == true
        ? []
        : _members.Select(member => member.Member).Where(member => member.IsDefined(typeof(RequiredMemberAttribute), inherit: true));

    public static Type TypeOf(MemberInfo member) => member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;

    private MemberInfo?[] Find(Func<MemberInfo, bool> use)
    {
        var usable = _members.Where(member => use(member.Member)).ToList();
        return Array.ConvertAll(Match([.. usable.Select(member => member.Name)]), found => found < 0 ? null : usable[found].Member);
    }

    /// <summary>
    /// For each field of the schema, which of some names is its own; −1 if none is. The very name comes before one that is alike.
    /// </summary>
    private int[] Match(string[] names)
    {
        var found = _schema.Fields.Select(field => Array.IndexOf(names, field.Name)).ToArray();
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i] < 0)
            {
                found[i] = Array.FindIndex(names, name =>
                    LooseName.Comparer.Equals(name, _schema.Fields[i].Name) && !found.Contains(Array.IndexOf(names, name)));
            }
        }

        return found;
    }

    /// <summary>The attribute of a record's parameter, which C# does not give to the property that it makes of it.</summary>
    private AvroFieldAttribute? OfParameter(PropertyInfo property) => _type.GetConstructors()
        .SelectMany(constructor => constructor.GetParameters())
        .Where(parameter => parameter.Name == property.Name)
        .Select(Named)
        .FirstOrDefault(attribute => attribute is not null);

    private static AvroFieldAttribute? Named(MemberInfo member) => member.GetCustomAttribute<AvroFieldAttribute>();

    private static AvroFieldAttribute? Named(ParameterInfo parameter) => parameter.GetCustomAttribute<AvroFieldAttribute>();
}
