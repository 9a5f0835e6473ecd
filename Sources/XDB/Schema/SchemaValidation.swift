import KubernetesModel

extension Schema {
    /// What is wrong with a value, by this schema alone; rules over several fields are the structures' own.
    func problems(in value: JSONValue, at path: String) -> [FieldProblem] {
        switch (shape, value) {
        case (.string, .string(let text)):
            return problems(inText: text, at: path)
        case (.integer, .integer(let number)):
            return problems(inNumber: number, at: path)
        case (.number, .integer), (.number, .number), (.boolean, .bool), (.anyObject, .object):
            return []
        case (.integerOrString, .integer): return []
        case (.integerOrString, .string(let text)):
            return problems(inText: text, at: path)
        case (.array(let element), .array(let values)):
            var problems = tooMany(values.count, at: path)
            for (index, value) in values.enumerated() {
                problems += element.problems(in: value, at: path.element(index))
            }
            return problems + duplicates(in: values, at: path)
        case (.map(let schema), .object(let values)):
            return tooMany(values.count, at: path)
                + values.sorted { $0.key < $1.key }.flatMap { schema.problems(in: $1, at: path.field($0)) }
        case (.object(let properties), .object(let values)):
            return properties.flatMap { property -> [FieldProblem] in
                if let value = values[property.name], value != .null {
                    return property.schema.problems(in: value, at: path.field(property.name))
                }
                return property.isRequired ? [FieldProblem(path.field(property.name), "is required; set it")] : []
            }
        default:
            return [FieldProblem(path, "has the wrong type; it must be \(shape.words)")]
        }
    }

    private func problems(inText text: String, at path: String) -> [FieldProblem] {
        if !values.isEmpty, !values.contains(text) {
            return [FieldProblem(path, "is '\(text)'; use one of \(values.joined(separator: ", "))")]
        }
        if let minimumLength, text.unicodeScalars.count < minimumLength {
            let least =
                minimumLength == 1 ? "is empty; set it" : "is too short; use at least \(minimumLength) characters"
            return [FieldProblem(path, least)]
        }
        if let maximumLength, text.unicodeScalars.count > maximumLength {
            return [FieldProblem(path, "is too long; use at most \(maximumLength) characters")]
        }
        if let pattern, !pattern.matches(text) {
            return [FieldProblem(path, "is '\(text)'; it must match \(pattern.text)")]
        }
        return []
    }

    private func problems(inNumber number: Int64, at path: String) -> [FieldProblem] {
        if let minimum, number < minimum {
            return [FieldProblem(path, "is \(number); use \(minimum) or more")]
        }
        if let maximum, number > maximum {
            return [FieldProblem(path, "is \(number); use \(maximum) or less")]
        }
        return []
    }

    private func tooMany(_ count: Int, at path: String) -> [FieldProblem] {
        guard let maximumCount, count > maximumCount else { return [] }
        return [FieldProblem(path, "has \(count) entries; use at most \(maximumCount)")]
    }

    private func duplicates(in values: [JSONValue], at path: String) -> [FieldProblem] {
        let keys: [JSONValue]
        let words: String
        switch listType {
        case nil, .atomic: return []
        case .set: (keys, words) = (values, "value")
        case .map(let key): (keys, words) = (values.map { $0[key] ?? .null }, key)
        }
        var seen: Set<JSONValue> = []
        return zip(keys.indices, keys).filter { !seen.insert($1).inserted }.map { index, key in
            FieldProblem(path.element(index), "repeats the \(words) \(key); every \(words) may be there once")
        }
    }
}

extension Schema.Shape {
    /// What is expected, in words.
    fileprivate var words: String {
        switch self {
        case .string: "a string"
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "true or false"
        case .integerOrString: "an integer or a string (put quotes around words like ON)"
        case .anyObject, .map, .object: "an object"
        case .array: "a list"
        }
    }
}
