using Loire.Model;

// Model has only the serialization attributes, so that HTTP clients do not load Orleans; its serializers are generated here.
[assembly: GenerateCodeForDeclaringAssembly(typeof(Offset))]
