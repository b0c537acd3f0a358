using System.Linq.Expressions;
using System.Reflection;
using Avro;
using Avro.Reflect;

namespace Loire.Client.Avro;

/// <summary>The property of a record's field, behind a converter where its type is not that of Apache.Avro.</summary>
internal sealed class FieldProperty
{
    private readonly Func<object, object?> _get;
    private readonly Action<object, object?> _set;
    private readonly IAvroFieldConverter? _converter;
    private readonly Schema _valueSchema;

    public FieldProperty(PropertyInfo property, Field field)
    {
        _get = CompileGet(property);
        _set = CompileSet(property);
        _valueSchema = ClassMap.NonNullBranch(field.Schema) ?? field.Schema;
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        _converter = property.GetCustomAttribute<AvroFieldAttribute>()?.Converter
            ?? (_valueSchema is LogicalSchema logical ? FieldConverters.Find(logical.LogicalType.GetCSharpType(false), type) : null);
        Type = _converter?.GetAvroType() ?? property.PropertyType;
    }

    /// <summary>The type of the values that are read and written here.</summary>
    public Type Type { get; }

    public object? Get(object record)
    {
        var value = _get(record);
        return _converter is null || value is null ? value : _converter.ToAvroType(value, _valueSchema);
    }

    public void Set(object record, object? value) =>
        _set(record, _converter is null || value is null ? value : _converter.FromAvroType(value, _valueSchema));

    private static Func<object, object?> CompileGet(PropertyInfo property)
    {
        var record = Expression.Parameter(typeof(object));
        var value = Expression.Property(Expression.Convert(record, property.DeclaringType!), property);
        return Expression.Lambda<Func<object, object?>>(Expression.Convert(value, typeof(object)), record).Compile();
    }

    private static Action<object, object?> CompileSet(PropertyInfo property)
    {
        var (record, value) = (Expression.Parameter(typeof(object)), Expression.Parameter(typeof(object)));
        var type = property.DeclaringType!;
        var typed = type.IsValueType ? Expression.Unbox(record, type) : Expression.Convert(record, type);
        var assign = Expression.Assign(Expression.Property(typed, property), Expression.Convert(value, property.PropertyType));
        return Expression.Lambda<Action<object, object?>>(assign, record, value).Compile();
    }
}
