using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Loire.Client.Avro;

/// <summary>What of a type belongs to the fields of a record: its public properties and fields, and how it is constructed.</summary>
internal sealed class RecordShape
{
    private readonly Type _type;
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
        _type = type;
        _members =
        [
            .. type.GetProperties(Public).Where(property => property.GetIndexParameters().Length == 0)
                .Select(property => (Named(property)?.Name ?? property.Name, (MemberInfo)property)),
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

    /// <summary>What a field is read from when it is written; null if there is nothing.</summary>
    public MemberInfo? Readable(string field) => Find(field, member => member is not PropertyInfo property || property.GetMethod is { IsPublic: true });

    /// <summary>What a field is assigned to when it is read; null if there is nothing.</summary>
    public MemberInfo? Settable(string field) => Find(
        field, member => member is PropertyInfo property ? property.SetMethod is { IsPublic: true } : !((FieldInfo)member).IsInitOnly);

    /// <summary>The field that a parameter of the constructor takes; null if there is none.</summary>
    public static RecordField? Field(ParameterInfo parameter, RecordSchema schema)
    {
        var name = Named(parameter)?.Name ?? parameter.Name!;
        return schema.PositionOf(name) is >= 0 and var position
            ? schema.Fields[position]
            : schema.Fields.FirstOrDefault(field => LooseName.Comparer.Equals(field.Name, name));
    }

    /// <summary>Members that the compiler would want to be set.</summary>
    public IEnumerable<MemberInfo> Required(ConstructorInfo? constructor) => constructor?.IsDefined(typeof(SetsRequiredMembersAttribute)) == true
        ? []
        : _members.Select(member => member.Member).Where(member => member.IsDefined(typeof(RequiredMemberAttribute), inherit: true));

    public static Type TypeOf(MemberInfo member) => member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;

    private MemberInfo? Find(string field, Func<MemberInfo, bool> use)
    {
        var usable = _members.Where(member => use(member.Member)).ToList();
        return usable.Find(member => member.Name == field).Member ?? usable.Find(member => LooseName.Comparer.Equals(member.Name, field)).Member;
    }

    private static AvroFieldAttribute? Named(MemberInfo member) => member.GetCustomAttribute<AvroFieldAttribute>();

    private static AvroFieldAttribute? Named(ParameterInfo parameter) => parameter.GetCustomAttribute<AvroFieldAttribute>();
}
