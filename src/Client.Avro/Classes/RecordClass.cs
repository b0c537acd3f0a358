using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using Avro;
using Avro.Reflect;

namespace Loire.Client.Avro;

/// <summary>A .NET type for a record schema, with compiled access to its properties by the position of their fields.</summary>
internal sealed class RecordClass
{
    private static readonly MethodInfo CreateUninitialized =
        typeof(RuntimeHelpers).GetMethod(nameof(RuntimeHelpers.GetUninitializedObject), [typeof(Type)])!;

    /// <exception cref="AvroMappingException">A field has no property that can be read and set.</exception>
    public RecordClass(Type type, RecordSchema schema)
    {
        Type = type;
        Create = CompileCreate(type);
        var properties = type.GetProperties(BindingFlags.Instance | BindingFlags.Public);
        Properties = [.. schema.Fields.Select(field => Find(type, properties, field, schema))];
    }

    public Type Type { get; }

    /// <summary>Creates an object without values.</summary>
    public Func<object> Create { get; }

    /// <summary>The properties of the fields, in the order of the schema.</summary>
    public FieldProperty[] Properties { get; }

    private static FieldProperty Find(Type type, PropertyInfo[] properties, Field field, RecordSchema schema)
    {
        // The name in an attribute replaces that of the property.
        static string NameOf(PropertyInfo property) => property.GetCustomAttribute<AvroFieldAttribute>()?.FieldName ?? property.Name;

        var property = LooseName.Find(properties, NameOf, field.Name, schema.Contains);
        return property is { CanRead: true, CanWrite: true }
            ? new FieldProperty(property, field)
            : throw new AvroMappingException($"{type.Name} has no property with get and set (or init) for the field {field.Name}.");
    }

    /// <summary>
    /// A type without a parameterless constructor, such as a positional record, is created without running a constructor: its properties
    /// are set one by one.
    /// </summary>
    private static Func<object> CompileCreate(Type type)
    {
        const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        Expression create = type.IsValueType || type.GetConstructor(Any, []) is not { } constructor
            ? Expression.Call(CreateUninitialized, Expression.Constant(type))
            : Expression.New(constructor);
        return Expression.Lambda<Func<object>>(Expression.Convert(create, typeof(object))).Compile();
    }
}
