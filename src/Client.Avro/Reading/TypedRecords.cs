using System.Linq.Expressions;
using System.Reflection;

namespace Loire.Client.Avro;

/// <summary>
/// Reads records as a type of .NET, by code that is compiled once: each field in the writer's order into a variable, then the constructor,
/// then the properties.
/// </summary>
internal static class TypedRecords
{
    private static readonly MethodInfo SkipMethod = typeof(SchemaSkipper).GetMethod(nameof(SchemaSkipper.Skip))!;

    private static readonly MethodInfo DefaultMethod = typeof(ReaderCompiler).GetMethod(nameof(ReaderCompiler.Default))!;

    public static ValueReader<T> Reader<T>(ReaderCompiler compiler, RecordSchema writer, RecordSchema reader, string where)
    {
        var plan = new RecordPlan(writer, reader, where);
        var target = Target.Of(typeof(T), reader, where);
        var bytes = Expression.Parameter(typeof(AvroReader).MakeByRefType(), "reader");
        var body = new List<Expression>();

        foreach (var (written, position) in plan.Written)
        {
            if (position >= 0 && target.Variables[position] is { } variable)
            {
                var read = compiler.Compile(written, reader.Fields[position].Schema, variable.Type, plan.Where(position));
                body.Add(Expression.Assign(variable, Expression.Invoke(Expression.Constant(read), bytes)));
            }
            else
            {
                body.Add(Expression.Call(SkipMethod, bytes, Expression.Constant(written, typeof(AvroSchema))));
            }
        }

        foreach (var position in plan.Missing)
        {
            if (target.Variables[position] is { } variable)
            {
                var read = DefaultMethod.MakeGenericMethod(variable.Type)
                    .Invoke(compiler, BindingFlags.DoNotWrapExceptions, null, [reader.Fields[position], plan.Where(position)], null)!;
                body.Add(Expression.Assign(variable, Expression.Invoke(Expression.Constant(read), bytes)));
            }
        }

        body.Add(target.Make);
        var block = Expression.Block(target.Variables.OfType<ParameterExpression>(), body);
        return Expression.Lambda<ValueReader<T>>(block, bytes).Compile();
    }

    /// <summary>Where the fields go.</summary>
    /// <param name="Variables">A variable for each field of the schema; null where the type has no use for it.</param>
    /// <param name="Make">Makes the object from the variables.</param>
    private sealed record Target(ParameterExpression?[] Variables, Expression Make)
    {
        public static Target Of(Type type, RecordSchema schema, string where)
        {
            var shape = new RecordShape(type, schema, where);
            if (type.IsAbstract)
            {
                throw NaturalTypes.Mismatch(schema, type, where);
            }

            var constructor = shape.Constructor(where);
            var variables = new ParameterExpression?[schema.Fields.Count];
            var parameters = constructor?.GetParameters() ?? [];
            var fields = shape.Fields(parameters);
            var arguments = new Expression[parameters.Length];
            for (var i = 0; i < parameters.Length; i++)
            {
                arguments[i] = fields[i] < 0
                    ? Fallback(parameters[i], schema, where)
                    : variables[fields[i]] = Expression.Variable(parameters[i].ParameterType, parameters[i].Name);
            }

            var members = new List<MemberBinding>();
            var settable = shape.Settable();
            for (var i = 0; i < variables.Length; i++)
            {
                if (variables[i] is null && settable[i] is { } member)
                {
                    variables[i] = Expression.Variable(RecordShape.TypeOf(member), member.Name);
                    members.Add(Expression.Bind(member, variables[i]!));
                }
            }

            var created = constructor is null ? Expression.New(type) : Expression.New(constructor, arguments);
            var set = members.Select(binding => binding.Member.Name).ToHashSet();
            return shape.Required(constructor).FirstOrDefault(member => !set.Contains(member.Name)) is { } missing
                ? throw new AvroMappingException($"{where}: {type}.{missing.Name} is required, but {schema.Name} has no such field.")
                : new Target(variables, Expression.MemberInit(created, members));
        }

        private static UnaryExpression Fallback(ParameterInfo parameter, RecordSchema schema, string where) => parameter.HasDefaultValue
            ? Expression.Convert(Expression.Constant(parameter.DefaultValue ?? Empty(parameter.ParameterType)), parameter.ParameterType)
            : throw new AvroMappingException(
                $"{where}: the constructor of {parameter.Member.DeclaringType} wants '{parameter.Name}', "
                + $"but {schema.Name} has no such field.");

        /// <summary>What <c>default</c> means as the value of a parameter; null for a reference or a nullable.</summary>
        private static object? Empty(Type type) => type.IsValueType ? Activator.CreateInstance(type) : null;
    }
}
