namespace SdCpp.Interop;

/// <summary>
/// Arithmetic with the same result on every machine. IEEE 754 fixes + − × ÷ √ to the last bit, while exp of <see cref="Math"/> comes from
/// the C library of the platform, whose last bit differs; the demo model's bytes must not.
/// </summary>
internal static class DemoMath
{
    private const double Log2 = 0.693147180559945309;

    /// <summary>eˣ to about 15 digits: x = n·ln 2 + r, eʳ by its Taylor series, |r| ≤ 0.35.</summary>
    internal static double Exp(double x)
    {
        if (x < -700) return 0;
        var n = Math.Floor((x / Log2) + 0.5);
        var r = x - (n * Log2);
        var sum = 1.0;
        for (var k = 14; k >= 1; k--) sum = 1 + (sum * r / k);
        return Math.ScaleB(sum, (int)n);
    }

    /// <summary>x / (1 + e⁻ˣ), the engine's SiLU: near 0 for negative and near x for positive x.</summary>
    internal static double Silu(double x) => x < -700 ? 0 : x / (1 + Exp(-x));

    /// <summary>Solves A·x = b for a symmetric, positive definite A by Cholesky's decomposition. Overwrites A's lower half.</summary>
    /// <param name="a">A, row after row.</param>
    /// <param name="b">The right side; becomes the solution.</param>
    /// <exception cref="ArithmeticException">A is not positive definite.</exception>
    internal static void SolvePositive(double[] a, Span<double> b)
    {
        var n = b.Length;
        Decompose(a, n);
        for (var i = 0; i < n; i++) b[i] = (b[i] - Dot(a.AsSpan(i * n, i), b)) / a[(i * n) + i];
        for (var i = n - 1; i >= 0; i--)
        {
            b[i] /= a[(i * n) + i];
            for (var j = 0; j < i; j++) b[j] -= a[(i * n) + j] * b[i];
        }
    }

    private static void Decompose(double[] a, int n)
    {
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var rest = a[(i * n) + j] - Dot(a.AsSpan(i * n, j), a.AsSpan(j * n, j));
                if (j < i)
                    a[(i * n) + j] = rest / a[(j * n) + j];
                else
                    a[(i * n) + i] = rest > 0 ? Math.Sqrt(rest) : throw new ArithmeticException("The matrix is not positive definite.");
            }
        }
    }

    // One sum in one order: a vectorised one would depend on the width of the machine's vectors.
    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }
}
