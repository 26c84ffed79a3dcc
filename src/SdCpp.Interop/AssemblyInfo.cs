using System.Runtime.CompilerServices;

// Every native signature is blittable: nothing is marshalled behind our back.
[assembly: DisableRuntimeMarshalling]
