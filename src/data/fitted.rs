//! What preprocessing has learned from the training rows, as it travels in an artifact.

use serde::{Deserialize, Serialize};

use super::columns::Patterns;
use super::tokens;
use crate::model::program::{CellType, DataPlan, FieldType, Select};
use crate::tensor::Array;

/// Per field of the plan, in its order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fitted {
    pub fields: Vec<FittedField>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FittedField {
    pub name: String,
    /// What the field's formula fits, in the order of its `fit`s.
    #[serde(with = "stored", default, skip_serializing_if = "Vec::is_empty")]
    pub fits: Vec<Array>,
    /// For each column the classes in the order of their indices, where it holds classes.
    #[serde(default)]
    pub classes: Vec<Option<Vec<String>>>,
    /// For each column the tokens of the training rows, in the order of their numbers, where it holds tokens.
    #[serde(default, skip_serializing_if = "none")]
    pub tokens: Vec<Option<Vec<String>>>,
    /// For each column that is a pattern the names that it selected, in their order.
    #[serde(default)]
    pub columns: Vec<Option<Vec<String>>>,
    /// What the weights of examples are multiplied by, so that their mean over the training rows is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f32>,
}

impl FittedField {
    /// The tokens of a column, where it holds tokens.
    pub fn vocabulary(&self, column: usize) -> Option<&[String]> {
        self.tokens.get(column)?.as_deref()
    }
}

impl Fitted {
    /// Whether this was fitted for such a plan. What an artifact says is not to be trusted before.
    pub fn fits(&self, plan: &DataPlan) -> bool {
        self.fields.len() == plan.fields.len()
            && self.fields.iter().zip(&plan.fields).all(|(fitted, field)| {
                let classes = field.columns.iter().map(|column| column.cell.classes().map(|ty| ty.declared));
                let names = field.columns.iter().map(|column| match column.select {
                    Select::Column(_) => None,
                    Select::Pattern(_) => Some(column.shape.iter().product::<usize>()),
                });
                let counts = |lists: &[Option<Vec<String>>]| -> Vec<Option<usize>> {
                    lists.iter().map(|names| names.as_ref().map(Vec::len)).collect()
                };
                let tokens = field.columns.iter().enumerate().all(|(at, column)| match &column.cell {
                    CellType::Tokens(cell) => fitted.vocabulary(at).is_some_and(|it| it.len() <= tokens::room(cell)),
                    _ => fitted.vocabulary(at).is_none(),
                });
                tokens
                    && fitted.name == field.name
                    && fitted.fits.len() == field.fits
                    && classes.eq(counts(&fitted.classes))
                    && names.eq(counts(&fitted.columns))
            })
    }

    /// What the patterns of the plan selected.
    pub fn patterns(&self) -> Patterns {
        self.fields.iter().map(|field| field.columns.clone()).collect()
    }

    /// What the values of a field are called, from the first; `None` where they are no classes.
    pub fn class_names(&self, plan: &DataPlan, field: usize) -> Option<Vec<String>> {
        match &plan.fields[field].ty {
            FieldType::Binary { names } => {
                Some(names.clone().map_or_else(|| vec!["0".into(), "1".into()], |names| names.to_vec()))
            }
            FieldType::Class(ty) | FieldType::Set(ty) => {
                let fitted = self.fields[field].classes.iter().flatten().next();
                let names = ty.names.as_ref().or(fitted).cloned();
                let mut names = names.unwrap_or_else(|| (0..ty.declared).map(|it| it.to_string()).collect());
                names.extend(ty.open.then(|| "other".to_string()));
                names.extend(ty.optional.then(|| "missing".to_string()));
                Some(names)
            }
            FieldType::Tokens(ty) => {
                let own = self.fields[field].tokens.iter().flatten().next()?;
                Some(tokens::names(ty.padded, ty.values, own))
            }
            FieldType::Number | FieldType::Tensor | FieldType::Text => None,
        }
    }
}

fn none(lists: &[Option<Vec<String>>]) -> bool {
    lists.iter().all(Option::is_none)
}

/// Arrays as JSON: `{"shape": [2], "f32": [0.5, "NaN"]}`. JSON has no word for what is not finite, so it is a text.
mod stored {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::tensor::{Array, Data};

    #[derive(Serialize, Deserialize)]
    struct Stored {
        shape: Vec<usize>,
        #[serde(flatten)]
        data: Elements,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Elements {
        F32(Vec<Float>),
        I32(Vec<i32>),
        Bool(Vec<bool>),
    }

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Float {
        Finite(f32),
        Other(String),
    }

    pub fn serialize<S: Serializer>(arrays: &[Array], serializer: S) -> Result<S::Ok, S::Error> {
        let stored = arrays.iter().map(|array| Stored {
            shape: array.shape.clone(),
            data: match &array.data {
                Data::F32(data) => Elements::F32(data.iter().map(|&value| float(value)).collect()),
                Data::I32(data) => Elements::I32(data.clone()),
                Data::Bool(data) => Elements::Bool(data.clone()),
            },
        });
        stored.collect::<Vec<_>>().serialize(serializer)
    }

    fn float(value: f32) -> Float {
        if value.is_finite() { Float::Finite(value) } else { Float::Other(value.to_string()) }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Array>, D::Error> {
        let stored = Vec::<Stored>::deserialize(deserializer)?;
        stored.into_iter().map(|stored| array(stored).map_err(D::Error::custom)).collect()
    }

    fn array(stored: Stored) -> Result<Array, String> {
        let data = match stored.data {
            Elements::F32(data) => {
                let value = |float: Float| match float {
                    Float::Finite(value) => Ok(value),
                    Float::Other(text) => text.parse().map_err(|_| format!("{text:?} is no number")),
                };
                Data::F32(data.into_iter().map(value).collect::<Result<_, _>>()?)
            }
            Elements::I32(data) => Data::I32(data),
            Elements::Bool(data) => Data::Bool(data),
        };
        let held = match &data {
            Data::F32(data) => data.len(),
            Data::I32(data) => data.len(),
            Data::Bool(data) => data.len(),
        };
        let size = stored.shape.iter().try_fold(1usize, |size, &extent| size.checked_mul(extent));
        if size != Some(held) {
            return Err(format!("{held} elements of shape {:?}", stored.shape));
        }
        Ok(Array { shape: stored.shape, data })
    }
}
